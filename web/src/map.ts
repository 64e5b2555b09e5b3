// What the first view needs is asked for at once, while the map's own program is still on its way.
import { ground } from "./kit/map/ground";
import { loadSession } from "./kit/session";
import { language, startLanguage } from "./language";
import { startTheme, theme } from "./theme";

startTheme();
startLanguage((words) => words.mapPage.title);
void loadSession();
ground(theme(), language()).catch(() => null); // asked again, and told of, by the map itself
void import("./map/map-page");
