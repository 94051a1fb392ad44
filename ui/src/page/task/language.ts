/** What language a rendered field is written in, so that it is shown as such. */
import type { Language } from "../../part/CodeMirror";

const BY_NAME: [RegExp, Language][] = [
  [/sql|^query$|^hql$/i, "sql"],
  [/python|callable|^py_|script\.py/i, "python"],
  [/json|^op_kwargs$|^op_args$|^params$|^env$|^conf$|payload/i, "json"],
  [/ya?ml|manifest|template$/i, "yaml"],
];

const SQL = /^\s*(--|select|with|insert|update|delete|merge|create|alter|drop|truncate)\b/i;

export function languageOf(name: string, text: string): Language {
  if (/^\s*[{[]/.test(text)) {
    try {
      JSON.parse(text);
      return "json";
    } catch {
      // Looks like JSON and is none: the name may tell.
    }
  }
  const named = BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
  if (named) return named === "json" ? "text" : named;
  return SQL.test(text) ? "sql" : "text";
}
