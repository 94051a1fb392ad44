import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from "@codemirror/language";

/** CodeMirror's orange of escapes and regular expressions is too pale on a light ground to be read by all. */
const READABLE: Record<string, string> = { "#e40": "#b33000" };

/** The colours of code in the light; the dark theme brings its own. */
export const highlight = syntaxHighlighting(
  HighlightStyle.define(
    defaultHighlightStyle.specs.map((spec) => ({ ...spec, ...(READABLE[spec.color as string] && { color: READABLE[spec.color as string] }) })),
    { themeType: "light" },
  ),
);
