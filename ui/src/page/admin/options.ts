import type { components } from "../../api/schema";

export type Section = components["schemas"]["ConfigSection"];

/** The sections and options whose names or values hold a text; all options of a section that is named so. */
export function matching(sections: Section[], text: string): Section[] {
  const wanted = text.trim().toLowerCase();
  const holds = (value: unknown) => String(value).toLowerCase().includes(wanted);
  return sections
    .map((section) => (holds(section.name) ? section : { ...section, options: section.options.filter(({ key, value }) => holds(key) || holds(value)) }))
    .filter(({ options }) => options.length > 0);
}
