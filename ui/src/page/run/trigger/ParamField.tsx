import { Autocomplete, Group, MultiSelect, NumberInput, Select, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { DateInput, DateTimePicker, TimePicker } from "@mantine/dates";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useZone } from "../../../part/time";
import { Editor } from "../../../part/Editor";
import { Markdown } from "../Markdown";
import type { Field } from "./schema";
import type { Draft } from "./value";

interface Props {
  field: Field;
  draft: Draft;
  onChange: (draft: Draft) => void;
  error: string | undefined;
}

const LOCAL = "YYYY-MM-DD HH:mm:ss";

export function ParamField({ field, draft, onChange, error }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const text = typeof draft === "string" ? draft : "";
  const { kind, nullable, choices, schema } = field;
  const description: ReactNode = field.markdown ? <Markdown small>{field.markdown}</Markdown> : field.description;
  const common = {
    label: (
      <Group gap={6} component="span" display="inline-flex">
        {field.label}
        {field.label !== field.name && <Text span size="xs" c="dimmed" ff="monospace">{field.name}</Text>}
      </Group>
    ),
    description,
    // Markdown holds blocks, which a paragraph may not.
    descriptionProps: { component: "div" as const },
    error,
    required: field.required,
    withAsterisk: field.required,
  };
  const clear = { clearButtonProps: { "aria-label": t("run.trigger.clear", { name: field.label }) } };
  const typed = (next: string | null) => onChange(next === "" && nullable ? null : next);
  switch (kind) {
    case "boolean":
      return <Switch {...{ ...common, required: undefined, withAsterisk: undefined, descriptionProps: undefined }} description={description} checked={draft === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "number":
      return <NumberInput {...common} value={text} onChange={(next) => typed(String(next))} min={schema.minimum} max={schema.maximum} clampBehavior="none" allowDecimal={schema.type !== "integer"} step={schema.multipleOf ?? 1} />;
    case "select":
      return <Select {...common} data={choices} value={typeof draft === "string" ? draft : null} onChange={typed} allowDeselect={nullable} clearable={nullable} {...clear} searchable={choices.length > 8} placeholder={nullable ? t("run.trigger.null") : undefined} />;
    case "suggest":
      return <Autocomplete {...common} data={choices.map(({ value, label }) => ({ value, label }))} value={text} onChange={typed} clearable={nullable} {...clear} />;
    case "multi":
      return schema.items ? (
        <TagsInput {...common} data={choices.map(({ value }) => value)} value={Array.isArray(draft) ? draft : []} onChange={onChange} clearable {...clear} />
      ) : (
        <MultiSelect {...common} data={withOwn(choices, draft)} value={Array.isArray(draft) ? draft : []} onChange={onChange} clearable {...clear} searchable />
      );
    case "lines":
      return <Textarea {...common} description={<>{description}{description && <br />}{t("run.trigger.linesHelp")}</>} autosize minRows={2} maxRows={8} value={text} onChange={(event) => typed(event.currentTarget.value)} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }} />;
    case "multiline":
      return <Textarea {...common} autosize minRows={3} maxRows={12} value={text} onChange={(event) => typed(event.currentTarget.value)} />;
    case "date":
      return <DateInput {...common} valueFormat="YYYY-MM-DD" value={text || null} onChange={onChange} clearable={nullable} {...clear} />;
    case "time":
      return <TimePicker {...common} withSeconds value={text.slice(0, 8)} onChange={typed} clearable={nullable} {...clear} />;
    case "date-time":
      return (
        <DateTimePicker
          {...common}
          description={<>{description}{description && <br />}{t("run.trigger.zone", { zone })}</>}
          valueFormat={LOCAL}
          withSeconds
          clearable={nullable}
          {...clear}
          value={text && dayjs(text).isValid() ? dayjs(text).tz(zone).format(LOCAL) : null}
          onChange={(next) => onChange(next ? dayjs.tz(next, zone).format() : null)}
        />
      );
    case "json":
      return <Editor {...common} language="json" ariaLabel={field.label} value={text} onChange={typed} maxHeight="220px" />;
    default:
      return <TextInput {...common} value={text} onChange={(event) => typed(event.currentTarget.value)} />;
  }
}

/** The choices and what is chosen beyond them, so that a run's old values stay visible. */
const withOwn = (choices: Field["choices"], draft: Draft) => {
  const known = new Set(choices.map(({ value }) => value));
  return [...choices, ...(Array.isArray(draft) ? draft : []).filter((value) => !known.has(value)).map((value) => ({ value, label: value }))];
};
