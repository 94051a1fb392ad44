import { MantineProvider } from "@mantine/core";
import { cleanup, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { MemoryRouter, useLocation } from "react-router";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import en from "../src/locale/en";
import { Pages, usePaging } from "../src/part/DataTable";

beforeAll(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }));
  vi.stubGlobal("ResizeObserver", class { observe() {} unobserve() {} disconnect() {} });
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: en } }, interpolation: { escapeValue: false } });
});
afterEach(cleanup);

function List({ total }: { total: number | undefined }) {
  return (
    <>
      <Pages total={total} paging={usePaging()} />
      <output>{useLocation().search}</output>
    </>
  );
}

const show = (at: string, total: number | undefined) =>
  render(<MantineProvider><MemoryRouter initialEntries={[at]}><List total={total} /></MemoryRouter></MantineProvider>);

describe("the pages of a list", () => {
  it("say which rows are shown", () => {
    show("/?page=2", 1030);
    expect(screen.getByText("26–50 of 1,030")).toBeTruthy();
  });
  it("lead back to the last one from beyond the end", () => {
    show("/?page=5", 30);
    expect(screen.getByText("26–30 of 30")).toBeTruthy();
    expect(screen.getByRole("status").textContent).toBe("?page=2");
  });
  it("lead back to the only one", () => {
    show("/?q=a&page=5", 5);
    expect(screen.getByText("1–5 of 5")).toBeTruthy();
    expect(screen.getByRole("status").textContent).toBe("?q=a");
  });
  it("stay while nobody knows how many there are", () => {
    show("/?page=5", undefined);
    expect(screen.getByRole("status").textContent).toBe("?page=5");
  });
  it("of an empty list are one", () => {
    show("/", 0);
    expect(screen.getByText("0–0 of 0")).toBeTruthy();
  });
});
