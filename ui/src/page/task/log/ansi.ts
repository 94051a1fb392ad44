/** Text with ANSI colours as pieces to show; addresses in it become links. */
import Anser from "anser";

export interface Span {
  text: string;
  /** Names of colours and decorations, as CSS knows them: `fg-red`, `bg-blue`, `bold`. */
  classes: string[];
  /** Colours that have no name: `rgb(…)`. */
  color?: string;
  background?: string;
  href?: string;
}

const URL_IN_TEXT = /https?:\/\/[^\s"'<>\\^`{|}]+[^\s"'<>\\^`{|}.,;:!?)\]]/g;

function linked(span: Span): Span[] {
  if (!span.text.includes("://")) return [span];
  const out: Span[] = [];
  let end = 0;
  for (const match of span.text.matchAll(URL_IN_TEXT)) {
    if (match.index > end) out.push({ ...span, text: span.text.slice(end, match.index) });
    out.push({ ...span, text: match[0], href: match[0] });
    end = match.index + match[0].length;
  }
  if (end < span.text.length) out.push({ ...span, text: span.text.slice(end) });
  return out;
}

/** `ansi-bright-red` is a name; `ansi-palette-123` and `ansi-truecolor` are none. */
const named = (value: string | null | undefined, kind: "fg" | "bg"): string | null => {
  const name = value?.replace(/^ansi-/, "");
  return name && !name.startsWith("palette-") && name !== "truecolor" ? `${kind}-${name}` : null;
};

export function spansOf(text: string): Span[] {
  if (!text.includes("\x1b")) return linked({ text, classes: [] });
  const numbers = Anser.ansiToJson(text, { json: true, remove_empty: true });
  const names = Anser.ansiToJson(text, { json: true, remove_empty: true, use_classes: true });
  return numbers.flatMap((piece, i) => {
    const fg = named(names[i]?.fg, "fg");
    const bg = named(names[i]?.bg, "bg");
    return linked({
      text: piece.content,
      classes: [...(fg ? [fg] : []), ...(bg ? [bg] : []), ...piece.decorations],
      color: piece.fg && !fg ? `rgb(${piece.fg})` : undefined,
      background: piece.bg && !bg ? `rgb(${piece.bg})` : undefined,
    });
  });
}

/** Cut spans where what is searched for begins and ends, and mark it. */
export function marked(spans: Span[], pattern: RegExp | null): (Span & { hit?: boolean })[] {
  if (!pattern) return spans;
  const all = new RegExp(pattern.source, "gi");
  const whole = spans.map((span) => span.text).join("");
  const hits = [...whole.matchAll(all)].map((match) => [match.index, match.index + match[0].length] as const);
  if (!hits.length) return spans;
  const out: (Span & { hit?: boolean })[] = [];
  let at = 0;
  for (const span of spans) {
    const end = at + span.text.length;
    const cuts = new Set([at, end]);
    for (const hit of hits) for (const cut of hit) if (cut > at && cut < end) cuts.add(cut);
    const sorted = [...cuts].sort((a, b) => a - b);
    for (let i = 0; i + 1 < sorted.length; i++) {
      const [from, to] = [sorted[i]!, sorted[i + 1]!];
      out.push({ ...span, text: span.text.slice(from - at, to - at), hit: hits.some(([a, b]) => from >= a && to <= b) });
    }
    at = end;
  }
  return out;
}
