import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";

import de from "../../src/locale/de";
import { sentence, told } from "../../src/page/run/words";

beforeAll(() => i18next.init({ lng: "de", resources: { de: { translation: de } }, interpolation: { escapeValue: false } }));
const t = i18next.t;

describe("a reason", () => {
  const say = (code: string, params: Record<string, unknown>) => sentence(t, "reason", { code, params, text: "In English." }, "Europe/Berlin");
  it("is said in the page's language, with states by their names and times in the chosen zone", () => {
    expect(say("upstream", { task: "load[3]", state: "running" })).toBe("Vorgänger load[3] ist „Läuft“.");
    expect(say("ready_since", { scheduled_at: "2026-03-01T12:00:00.123Z" })).toContain("seit 2026-03-01 13:00:00 und");
    expect(say("pool", { name: "etl", used: 3, allowed: 3 })).toContain("3 von 3 Plätzen");
  });
  it("that has no message yet is said in the server's words", () => expect(say("new_one", {})).toBe("In English."));
  it("leaves what an error says as it is", () => expect(say("error", { error: "$t(state.failed) {{n}}" })).toBe("Der Grund: $t(state.failed) {{n}}"));
});

describe("an event", () => {
  const of = (kind: string, detail: { code: string; params: Record<string, string>; text: string } | null) => told(t, { kind, to_state: "skipped", words: "It happened.", detail }, "UTC");
  it("says what happened and why", () => {
    expect(of("branch_skip", { code: "skipped_by", params: { task: "choose" }, text: "" })).toBe("Er wurde übersprungen. choose entschied, ihn zu überspringen.");
    expect(of("trigger_rule", { code: "trigger_rule", params: { trigger_rule: "all_success", total: "3", counts: "1 failed, 2 succeeded" }, text: "" })).toContain("von 3 Vorgängern: 1 Fehlgeschlagen, 2 Erfolg.");
    expect(of("finished", { code: "text", params: { text: "boom" }, text: "boom" })).toBe("Sein Prozess endete: Übersprungen. Boom.");
    expect(of("started", null)).toBe("Sein Prozess begann.");
  });
  it("that has no message yet is said in the server's words", () => expect(of("brand_new", null)).toBe("It happened."));
});
