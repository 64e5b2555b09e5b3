import "./map/map-page";
import { loadSession } from "./kit/session";
import { startLanguage } from "./language";
import { startTheme } from "./theme";

startTheme();
startLanguage((words) => words.mapPage.title);
void loadSession();
