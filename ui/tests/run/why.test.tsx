import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { MemoryRouter } from "react-router";
import { afterEach, beforeAll, expect, it, vi } from "vitest";

import en from "../../src/locale/en";
import { explainQuery } from "../../src/page/run/query";
import { Why } from "../../src/page/task/Why";
import type { TaskInstance } from "../../src/query";

const place = { dagId: "d", runId: "r", taskId: "t", mapIndex: -1 };
let grow: (height: number) => void;

beforeAll(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }));
  // There is no layout here: the test says how high the text is.
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(private tell: (entries: object[]) => void) {}
      observe() {
        grow = (height) => this.tell([{ contentRect: { width: 400, height } }]);
      }
      unobserve() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("requestAnimationFrame", (then: () => void) => (then(), 1));
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: en } }, interpolation: { escapeValue: false } });
});
afterEach(cleanup);

function show(text: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const reasons = [{ code: "error", params: { error: text }, text }];
  queries.setQueryData(explainQuery(place).queryKey, { state: "failed", code: "failed", summary: text, reasons, data: {} });
  render(
    <MantineProvider>
      <QueryClientProvider client={queries}>
        <MemoryRouter><Why place={place} ti={{ state: "failed" } as TaskInstance} /></MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

it("cuts a failure's long reason, until somebody asks for all of it", () => {
  show("boom ".repeat(1000));
  act(() => grow(2000));
  const region = screen.getByRole("region");
  const cut = region.style.maxHeight;
  expect(cut).toContain("8.25rem");
  fireEvent.click(screen.getByRole("button", { name: "Show all of it" }));
  expect(region.style.maxHeight).not.toBe(cut);
  fireEvent.click(screen.getByRole("button", { name: "Show less" }));
  expect(region.style.maxHeight).toBe(cut);
});

it("shows a short reason as it is", () => {
  show("boom");
  act(() => grow(40));
  expect(screen.getByText("The reason: boom")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});
