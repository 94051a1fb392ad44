/** One file an area, so that people who work on different pages meet seldom. */
import admin from "./admin.json";
import browse from "./browse.json";
import common from "./common.json";
import dag from "./dag.json";
import home from "./home.json";
import run from "./run.json";

export default { ...common, admin, browse, dag, home, run };
