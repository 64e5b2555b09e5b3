import "./front/front-page";
import { startLanguage } from "./language";
import { startTheme } from "./theme";

startTheme();
startLanguage();
