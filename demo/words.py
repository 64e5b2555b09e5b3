"""
What incidents of each category are like: how frequent, when in the year and the day, where, and in which words.

The words name places and things, never a person and never a number of anyone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Parts of a year, January to December.
_EVEN = (1,) * 12
_HEATING = (9, 8, 5, 2, 0, 0, 0, 0, 0.5, 5, 8, 9)
_ICE = (9, 7, 5, 1, 0, 0, 0, 0, 0, 1, 6, 9)
_STRAW = (0.2, 0.5, 4, 8, 2, 0, 0, 0, 0.5, 7, 6, 1)
_SUMMER = (1, 1, 1, 2, 4, 7, 9, 9, 5, 2, 1, 1)
_THAW = (1, 1, 4, 7, 6, 4, 3, 3, 3, 3, 1, 1)
_RAINS = (2, 2, 2, 2, 2, 5, 8, 7, 3, 2, 2, 3)
_FIELDS = (1, 1, 3, 6, 6, 4, 2, 2, 3, 4, 2, 1)
_PAY = (9, 5, 1, 1, 1, 2, 2, 2, 3, 4, 6, 9)

# Parts of a day, hour by hour.
_OFFICE = (0, 0, 0, 0, 0, 0, 1, 3, 7, 9, 9, 6, 3, 4, 8, 8, 7, 5, 2, 1, 1, 0.5, 0, 0)
_AWAKE = (0.5, 0.2, 0.2, 0.2, 0.3, 1, 3, 6, 7, 7, 6, 5, 5, 5, 5, 5, 6, 7, 7, 6, 5, 3, 2, 1)
_EVENING = (2, 1, 0.5, 0.2, 0.2, 0.3, 0.5, 1, 1, 1, 1, 1.5, 2, 1, 1, 1, 2, 4, 7, 9, 9, 8, 6, 4)
_MORNING = (0.5, 0.2, 0.2, 0.3, 1, 4, 8, 9, 8, 5, 4, 3, 2, 2, 2, 2, 3, 4, 4, 3, 2, 1.5, 1, 0.5)
_DUSK = (1, 0.5, 0.5, 0.5, 0.5, 1, 2, 3, 3, 3, 4, 5, 5, 5, 5, 6, 8, 9, 9, 7, 4, 3, 2, 1)

TOWN, VILLAGE, ANYWHERE, FIELDS = "town", "village", "anywhere", "fields"


@dataclass(frozen=True)
class Likeness:
    """
    What incidents of a category are like.

    Attributes
    ----------
    share
        How frequent, beside the others.
    months, hours
        Weights of the twelve months and the 24 hours, local time.
    weekend
        How many of them fall on a weekend day, beside a weekday.
    ground
        Buildings in town, in villages or anywhere, or open fields.
    titles, details
        Templates; ``{place}`` is the address.
    """

    share: float
    months: tuple[float, ...]
    hours: tuple[float, ...]
    weekend: float
    ground: str
    titles: tuple[str, ...]
    details: tuple[str, ...]


LIKENESS: Mapping[str, Likeness] = MappingProxyType({
    "property.repair": Likeness(
        7, _RAINS, _AWAKE, 0.8, TOWN,
        ("楼道灯损坏", "外墙皮脱落", "屋面漏雨", "单元门损坏"),
        ("{place}单元门闭门器损坏，无法正常关闭，请安排维修。", "{place}楼道照明不亮，夜间通行不便。",
         "{place}雨后顶层渗水，请物业查看屋面防水。"),
    ),
    "property.lift": Likeness(
        3, _EVEN, _AWAKE, 1.0, TOWN,
        ("电梯停运", "电梯异响", "电梯门无法关闭"),
        ("{place}电梯停运，老人上下楼不便，请尽快检修。", "{place}电梯运行有异响和抖动，请维保单位检查。"),
    ),
    "property.heating": Likeness(
        10, _HEATING, _AWAKE, 1.0, TOWN,
        ("室内温度不达标", "供暖管道漏水", "暖气不热"),
        ("{place}室内温度低于十八度，请供热单位入户测温。", "{place}供暖管道接口漏水，楼道已积水。",
         "{place}整单元暖气不热，疑似立管堵塞。"),
    ),
    "property.fee": Likeness(
        2.5, _EVEN, _OFFICE, 0.3, TOWN,
        ("物业收费疑问", "公共收益公示", "停车收费标准疑问"),
        ("{place}住户反映物业收费项目未公示，请核实说明。", "{place}希望公示公共收益使用情况。"),
    ),
    "property.parking": Likeness(
        5, _EVEN, _EVENING, 1.1, TOWN,
        ("车辆乱停占道", "地锁占用公共车位", "车位不足"),
        ("{place}有车辆停放在路口，影响通行。", "{place}有私装地锁，占用公共车位，请协调拆除。"),
    ),
    "dispute.neighbour": Likeness(
        6, _SUMMER, _EVENING, 1.3, ANYWHERE,
        ("邻里噪音纠纷", "房屋滴漏纠纷", "宅基地边界纠纷", "楼道堆物纠纷"),
        ("{place}两户因楼上漏水赔偿意见不一，请调解。", "{place}两户因院墙边界发生争执，请到场调解。",
         "{place}住户因楼道堆放杂物发生口角，请协调。"),
    ),
    "dispute.family": Likeness(
        3, (8, 7, 4, 4, 4, 4, 4, 4, 4, 5, 5, 6), _EVENING, 1.4, ANYWHERE,
        ("家庭矛盾调解", "赡养问题调解"),
        ("{place}家庭成员因赡养事宜意见不一，希望调解员上门。", "{place}家庭琐事引发争吵，请调解员关注。"),
    ),
    "dispute.land": Likeness(
        3, _FIELDS, _OFFICE, 0.7, FIELDS,
        ("草场边界纠纷", "耕地界线纠纷", "牲畜啃食庄稼纠纷"),
        ("{place}附近草场围栏位置有争议，请到现场勘界调解。",
         "{place}附近牲畜进入耕地啃食青苗，双方就赔偿未达成一致。"),
    ),
    "dispute.wages": Likeness(
        2, _PAY, _OFFICE, 0.4, ANYWHERE,
        ("拖欠工资", "劳务结算纠纷"),
        ("{place}工程劳务费未按约定结算，请劳动监察核实。", "{place}务工人员反映工资未足额发放，请协调。"),
    ),
    "hazard.flue": Likeness(
        2, _HEATING, _AWAKE, 1.1, ANYWHERE,
        ("私改烟道", "烟道堵塞隐患"),
        ("{place}有住户私自改动公共烟道，存在串烟和一氧化碳中毒风险。", "{place}烟道长期未清掏，请上门排查。"),
    ),
    "hazard.fire_lane": Likeness(
        4, _EVEN, _EVENING, 1.2, TOWN,
        ("消防通道堵塞", "楼道堆放易燃物"),
        ("{place}消防通道被车辆占用，请及时清理。", "{place}楼道堆放纸箱等易燃物，请督促清理。"),
    ),
    "hazard.wiring": Likeness(
        4, _SUMMER, _EVENING, 1.1, ANYWHERE,
        ("飞线充电", "私拉电线"),
        ("{place}有电动自行车飞线充电，请劝阻并规范。", "{place}院内私拉电线老化裸露，请排查整改。"),
    ),
    "hazard.gas": Likeness(
        1.5, _HEATING, _AWAKE, 1.0, TOWN,
        ("燃气异味", "燃气软管老化"),
        ("{place}闻到燃气异味，请燃气公司到场检测。", "{place}餐馆燃气软管老化，请督促更换。"),
    ),
    "hazard.ice": Likeness(
        6, _ICE, _MORNING, 1.0, ANYWHERE,
        ("路面结冰", "积雪未清", "屋檐冰溜"),
        ("{place}门前路面结冰，行人易滑倒，请撒盐除冰。", "{place}雪后便道未清扫，请安排清雪。",
         "{place}屋檐冰溜较长，有坠落危险。"),
    ),
    "facility.light": Likeness(
        5, (7, 6, 5, 4, 3, 3, 3, 4, 5, 6, 7, 7), _EVENING, 1.0, ANYWHERE,
        ("路灯不亮", "路灯常亮不灭"),
        ("{place}附近路灯连续多日不亮，请检修。", "{place}附近路灯杆倾斜，请处理。"),
    ),
    "facility.manhole": Likeness(
        2.5, _THAW, _AWAKE, 1.0, TOWN,
        ("井盖破损", "井盖缺失", "井盖松动异响"),
        ("{place}附近井盖破损塌陷，请设置警示并更换。", "{place}附近井盖松动，车辆经过异响。"),
    ),
    "facility.road": Likeness(
        5, _THAW, _AWAKE, 0.9, ANYWHERE,
        ("路面坑洼", "道板破损", "村路翻浆"),
        ("{place}附近路面坑洼积水，请修补。", "{place}附近春融翻浆，车辆通行困难。"),
    ),
    "facility.water": Likeness(
        5, (8, 7, 4, 3, 3, 4, 6, 6, 3, 3, 4, 6), _AWAKE, 1.0, ANYWHERE,
        ("自来水停水", "下水管网堵塞", "给水管冻裂"),
        ("{place}附近污水外溢，请疏通管网。", "{place}水管冻裂漏水，请抢修。",
         "{place}未接到通知即停水，请说明恢复时间。"),
    ),
    "environment.rubbish": Likeness(
        10, _SUMMER, _MORNING, 1.0, ANYWHERE,
        ("垃圾未及时清运", "建筑垃圾乱堆", "垃圾箱满溢"),
        ("{place}垃圾箱满溢，异味明显，请清运。", "{place}附近有装修垃圾随意倾倒，请清理。"),
    ),
    "environment.noise": Likeness(
        7, _SUMMER, _EVENING, 1.5, TOWN,
        ("广场音响扰民", "夜间施工噪音", "商户外放音响"),
        ("{place}附近广场音响音量过大，影响休息。", "{place}附近夜间施工，请核查许可。",
         "{place}附近烧烤店夜间喧哗，请劝导。"),
    ),
    "environment.straw": Likeness(
        3, _STRAW, _DUSK, 1.0, FIELDS,
        ("露天焚烧秸秆", "田间冒烟"),
        ("{place}附近地块有焚烧秸秆迹象，请到场制止。", "{place}附近田间冒烟，疑似焚烧秸秆或枯草。"),
    ),
    "help.service": Likeness(
        7, _EVEN, _OFFICE, 0.3, ANYWHERE,
        ("代办证件材料", "医保缴费代办", "代取代购药品"),
        ("{place}住户行动不便，希望帮助代办医保手续。", "{place}住户需要代办惠农补贴材料。",
         "{place}住户希望代取常用药品。"),
    ),
    "help.care": Likeness(
        5, (8, 8, 5, 4, 4, 4, 5, 5, 5, 5, 6, 7), _OFFICE, 0.8, ANYWHERE,
        ("独居老人走访", "困难家庭帮扶", "防寒走访"),
        ("{place}独居老人需要定期走访，请网格员关注取暖和用电安全。", "{place}困难家庭冬季取暖用煤不足，请核实帮扶。"),
    ),
    "help.lost": Likeness(
        0.8, _SUMMER, _DUSK, 1.2, ANYWHERE,
        ("老人走失协查", "牲畜走失协查", "物品遗失求助"),
        ("{place}附近有老人走失，请网格员和巡防队协助查找。", "{place}附近走失牲畜，请协助留意。"),
    ),
    "other": Likeness(
        4, _EVEN, _AWAKE, 0.8, ANYWHERE,
        ("政策咨询", "意见建议", "其他事项"),
        ("{place}住户咨询政策办理流程，请答复。", "{place}居民建议增设健身器材，请研究。"),
    ),
})  # fmt: skip
