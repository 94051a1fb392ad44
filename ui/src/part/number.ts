/** Numbers as the page's language writes them: `1,234.5`, `1.234,5`. */
import i18next from "i18next";

const formats = new Map<string, Intl.NumberFormat>();

/** With that many digits behind the point. */
export function formatNumber(value: number, digits = 0): string {
  const key = `${i18next.language} ${digits}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(i18next.language, { minimumFractionDigits: digits, maximumFractionDigits: digits })));
  return format.format(value);
}

/** `512 B`, `3.4 kB`, `104 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${formatNumber(bytes / 1000, bytes < 10_000 ? 1 : 0)} kB`;
  return `${formatNumber(bytes / 1_000_000, bytes < 10_000_000 ? 1 : 0)} MB`;
}
