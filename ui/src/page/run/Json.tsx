/** A JSON value as a tree whose branches fold. */
import { ActionIcon, Box, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import classes from "./Json.module.css";

/** More than that of one list or object is shown on demand. */
const FIRST = 100;

export function Json({ value, name }: { value: unknown; name: string }) {
  const { t } = useTranslation();
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <Box className={classes.box} role="group" aria-label={name}>
      <CopyButton value={text ?? "null"}>
        {({ copied, copy }) => (
          <Tooltip label={t(copied ? "action.copied" : "action.copy")}>
            <ActionIcon className={classes.copy} size="sm" variant="subtle" color={copied ? "teal" : "gray"} onClick={copy} aria-label={t("action.copy")}>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
      <Node value={value} depth={0} />
    </Box>
  );
}

function Node({ value, depth }: { value: unknown; depth: number }) {
  if (value !== null && typeof value === "object") return <Branch value={value} depth={depth} />;
  const kind = value === null ? "null" : typeof value;
  if (kind === "string" && depth === 0) return <span className={classes.text}>{value as string}</span>;
  return <span className={classes[kind]}>{JSON.stringify(value)}</span>;
}

function Branch({ value, depth }: { value: object; depth: number }) {
  const { t } = useTranslation();
  const isList = Array.isArray(value);
  const entries = Object.entries(value as Record<string, unknown>);
  const [open, setOpen] = useState(depth < 2 && entries.length <= FIRST);
  const [shown, setShown] = useState(FIRST);
  const [begin, end] = isList ? "[]" : "{}";
  if (!entries.length) return <span>{isList ? "[]" : "{}"}</span>;
  return (
    <>
      <button type="button" className={classes.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "▾" : "▸"} {begin}
        {!open && <span className={classes.count}> {t(isList ? "run.json.items" : "run.json.keys", { count: entries.length })} {end}</span>}
      </button>
      {open && (
        <>
          <ul className={classes.list}>
            {entries.slice(0, shown).map(([key, item]) => (
              <li key={key}>
                {!isList && <span className={classes.key}>{key}: </span>}
                <Node value={item} depth={depth + 1} />
              </li>
            ))}
            {entries.length > shown && (
              <li>
                <button type="button" className={classes.fold} onClick={() => setShown(shown + 10 * FIRST)}>{t("run.json.more", { count: entries.length - shown })}</button>
              </li>
            )}
          </ul>
          {end}
        </>
      )}
    </>
  );
}
