import type { RouteObject } from "react-router";
import { beforeAll, expect, it, vi } from "vitest";

import pages from "./pages.json";

let routes: RouteObject[];

beforeAll(async () => {
  // The router goes to the page that is open at once.
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  ({ routes } = await import("../src/shell/routes"));
});

/** The addresses of a route and of those below it; one with an index stands for that. */
function addressesOf({ path = "", index, children }: RouteObject): string[] {
  const below = (children ?? []).flatMap(addressesOf);
  if (!children) return [index ? "" : path];
  return below.map((each) => [path, each].filter(Boolean).join("/").replace("//", "/"));
}

it("every page of the router is visited by the browser's tests, and no other", () => {
  const addresses = routes.flatMap(addressesOf).map((path) => path.replace(/^\/(?=.)/, "") || "/");
  expect(addresses.sort()).toEqual(Object.keys(pages).sort());
});
