/** Inputs that keep what they filter by in the address. */
import { CloseButton, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";

import { useParam } from "./DataTable";

export function TextFilter({ name, label }: { name: string; label: string }) {
  const [value, setValue] = useParam(name);
  const [typed, setTyped] = useState(value ?? "");
  const apply = useDebouncedCallback((next: string) => setValue(next.trim() || null), 250);
  return (
    <TextInput
      flex="1 1 150px"
      maw={260}
      leftSection={<IconFilter size={14} />}
      placeholder={label}
      aria-label={label}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
      rightSection={
        typed ? (
          <CloseButton
            size="sm"
            aria-label={`× ${label}`}
            onClick={() => {
              setTyped("");
              setValue(null);
            }}
          />
        ) : null
      }
    />
  );
}

export function ChoiceFilter({ name, label, data }: { name: string; label: string; data: { value: string; label: string }[] }) {
  const [value, setValue] = useParam(name);
  return <Select w={180} clearable searchable placeholder={label} aria-label={label} data={data} value={value} onChange={setValue} />;
}
