import { useSearchParams } from "react-router";

/** Which thing's form is open, kept in the address: `?edit=NAME`, or `?add=1` for a new one. */
export function useEditing() {
  const [search, setSearch] = useSearchParams();
  const go = (name: "edit" | "add" | null, value = "") =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.delete("edit");
      next.delete("add");
      if (name) next.set(name, value);
      return next;
    }, { replace: true, preventScrollReset: true });
  return {
    edited: search.get("edit"),
    adding: search.has("add"),
    edit: (id: string) => go("edit", id),
    add: () => go("add", "1"),
    close: () => go(null),
  };
}
