// What the first view needs is asked for at once, while the map's own program is still on its way.
import { ground } from "./kit/map/ground";
import { loadSession, may } from "./kit/session";
import { language, startLanguage } from "./language";
import { beginHeat, wishOf } from "./map/heat";
import { readHash } from "./map/view";
import { beginWhole } from "./map/whole";
import { startTheme, theme } from "./theme";

startTheme();
startLanguage((words) => words.mapPage.title);
beginHeat(wishOf(readHash(location.hash)), loadSession().then(() => may("map.read")));
ground(theme(), language()).catch(() => null); // asked again, and told of, by the map itself
const whole = beginWhole();
void import("./map/map-page");
void import("./kit/map/font").then(async ({ fontFor }) => fontFor((await whole).names)).catch(() => null);
