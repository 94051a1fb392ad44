import type { LogStore } from "./store";

/** Hand the log to the browser as a text file. */
export function save(store: LogStore, name: string): void {
  const address = URL.createObjectURL(new Blob([...store.download()], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
