/** The form of the trigger dialog, once the DAG and what to begin with are known. */
import { Accordion, Alert, Button, Checkbox, Divider, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPlay } from "@tabler/icons-react";
import { useMemo, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { ApiError, client, data } from "../../../api/client";
import { useCan } from "../../../api/session";
import { useZone } from "../../../part/time";
import { useChange } from "../../../part/mutate";
import { keysOfRuns, type DagDetails } from "../../../query";
import { Editor } from "../../../part/Editor";
import { runLink } from "../link";
import { parsed } from "../parsed";
import { Advanced } from "./Advanced";
import { ADVANCED, complaintsOf, refusedFields, whenOf, type AdvancedErrors, type AdvancedState } from "./advanced";
import { formOf, outcomeOf, refusalOf, type FormState } from "./form";
import { ParamField } from "./ParamField";
import { fieldsOf, sectionsOf } from "./schema";
import type { Draft } from "./value";
import classes from "./Form.module.css";

interface Props {
  dag: DagDetails;
  conf: Record<string, unknown>;
  onClose: () => void;
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

export default function Form({ dag, conf, onClose }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const navigate = useNavigate();
  const can = useCan();
  const dagId = dag.dag_id;
  const fields = useMemo(() => fieldsOf(dag.params), [dag.params]);
  const [form, setForm] = useState<FormState>(() => formOf(fields, conf));
  /** The JSON as somebody typed it; null: as the form has it. */
  const [typed, setTyped] = useState<string | null>(null);
  const [advanced, setAdvanced] = useState<AdvancedState>(ADVANCED);
  const [unpause, setUnpause] = useState(true);
  const box = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [refusedWhen, setRefusedWhen] = useState<AdvancedErrors>({});
  const [opened, setOpened] = useState<string[]>(fields.length ? [] : ["json"]);

  const outcome = outcomeOf(fields, form);
  const json = typed === null ? null : parsed(typed);
  const jsonError = json && (!json.ok ? json.error : isObject(json.value) ? undefined : t("run.trigger.notObject"));
  const wrong = Object.fromEntries(Object.entries(outcome.complaints).map(([name, { key, values }]) => [name, t(`run.form.${key}`, values)]));
  const wrongWhen = Object.fromEntries(Object.entries(complaintsOf(advanced)).map(([name, key]) => [name, t(`run.${key}`)])) as AdvancedErrors;
  const canUnpause = dag.is_paused && can("can_edit", "DAGs", dagId);

  const trigger = useChange({
    stale: keysOfRuns(dagId),
    tell: false,
    change: async () => {
      const body = { ...whenOf(advanced, zone, new Date()), conf: outcome.conf };
      const run = await data(client.POST("/api/v2/dags/{dag_id}/dagRuns", { params: { path: { dag_id: dagId } }, body }));
      if (canUnpause && unpause) await client.PATCH("/api/v2/dags/{dag_id}", { params: { path: { dag_id: dagId } }, body: { is_paused: false } });
      return run;
    },
    done: (run) => t("run.trigger.done", { name: run?.dag_run_id }),
    onDone: (run) => {
      onClose();
      if (run) void navigate(runLink(dagId, run.dag_run_id));
    },
  });
  /** Bring the first field that is refused into sight, once what it is folded into has opened. */
  const point = () =>
    setTimeout(() => {
      const input = box.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-error]');
      input?.scrollIntoView({ block: "center", behavior: "smooth" });
      input?.focus({ preventScroll: true });
    }, 250);
  const fail = (error: Error) => {
    const refusal = refusalOf(error.message);
    if (refusal && refusal.name in form.drafts) setRefused({ [refusal.name]: refusal.message });
    const when = error instanceof ApiError ? (error.status === 409 ? { dag_run_id: error.message } : refusedFields(error.detail)) : {};
    setRefusedWhen(when);
    point();
    if (Object.keys(when).length) setOpened((before) => [...new Set([...before, "advanced"])]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(wrongWhen).length) setOpened((before) => [...new Set([...before, "advanced"])]);
    if (jsonError || Object.keys(wrong).length || Object.keys(wrongWhen).length) {
      point();
      return;
    }
    trigger.mutate(undefined, { onError: fail });
  };
  const set = (name: string, draft: Draft) => {
    setTyped(null);
    setRefused({});
    setForm((before) => ({ ...before, drafts: { ...before.drafts, [name]: draft } }));
  };
  const type = (text: string) => {
    setTyped(text);
    setRefused({});
    const read = parsed(text);
    if (read.ok && isObject(read.value)) setForm(formOf(fields, read.value));
  };
  const n = Object.keys(wrong).length;
  const isPlaced = Object.keys(refused).length > 0 || Object.keys(refusedWhen).length > 0;

  return (
    <form ref={box} noValidate onSubmit={submit}>
    <Stack gap="md">
      {sectionsOf(fields).map(([section, members]) => (
        <Stack key={section} gap="sm" component="fieldset" style={{ border: 0, padding: 0, margin: 0 }}>
          {section && <Divider label={<Text component="legend" size="sm" fw={600}>{section}</Text>} labelPosition="left" />}
          {members.map((field) => (
            <ParamField key={field.name} field={field} draft={form.drafts[field.name] ?? null} onChange={(draft) => set(field.name, draft)} error={refused[field.name] ?? (tried || form.drafts[field.name] !== "" ? wrong[field.name] : undefined)} />
          ))}
        </Stack>
      ))}
      {!fields.length && <Text size="sm" c="dimmed">{t("run.trigger.noParams")}</Text>}
      <Accordion multiple value={opened} onChange={setOpened} variant="contained" chevronPosition="left">
        <Accordion.Item value="json">
          <Accordion.Control>{t("run.trigger.json")}</Accordion.Control>
          <Accordion.Panel>
            <Editor language="json" ariaLabel={t("run.trigger.json")} description={t("run.trigger.jsonHelp")} minHeight="90px" maxHeight="260px" value={typed ?? pretty(outcome.conf)} onChange={type} error={jsonError} />
          </Accordion.Panel>
        </Accordion.Item>
        <Accordion.Item value="advanced">
          <Accordion.Control>{t("run.trigger.advanced")}</Accordion.Control>
          <Accordion.Panel>
            <Advanced state={advanced} onChange={(next) => { setRefusedWhen({}); setAdvanced((before) => ({ ...before, ...next })); }} errors={{ ...(tried ? wrongWhen : {}), ...refusedWhen }} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      {canUnpause && <Checkbox label={t("run.trigger.unpause")} description={t("run.trigger.unpauseHelp")} checked={unpause} onChange={(event) => setUnpause(event.currentTarget.checked)} />}
      {trigger.error && !isPlaced && <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={t("problem.title")}>{trigger.error.message}</Alert>}
      <Group justify="space-between" className={classes.foot}>
        <Text size="sm" c="red" role="status">{tried && n > 0 ? t("run.trigger.hasErrors", { count: n }) : ""}</Text>
        <Group gap="sm">
          <Button variant="default" onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" loading={trigger.isPending} leftSection={<IconPlayerPlay size={16} />}>{t("run.trigger.do")}</Button>
        </Group>
      </Group>
    </Stack>
    </form>
  );
}
