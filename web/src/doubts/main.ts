import "./doubts-page";
import { loadSession } from "../kit/session";
import { startLanguage } from "../language";
import { startTheme } from "../theme";

startTheme();
startLanguage((words) => words.doubts.title);
void loadSession();
