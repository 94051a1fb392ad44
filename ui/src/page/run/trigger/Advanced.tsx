import { Group, Input, SegmentedControl, Stack, Textarea, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useTranslation } from "react-i18next";

import { useZone } from "../../../part/time";
import type { AdvancedErrors, AdvancedState } from "./advanced";

interface Props {
  state: AdvancedState;
  onChange: (next: Partial<AdvancedState>) => void;
  errors: AdvancedErrors;
}

const FORMAT = "YYYY-MM-DD HH:mm:ss";

export function Advanced({ state, onChange, errors }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const picker = { valueFormat: FORMAT, withSeconds: true, clearable: true, flex: "1 1 200px" } as const;
  return (
    <Stack gap="md">
      <Input.Wrapper label={t("run.trigger.logicalDate")} labelElement="div" description={state.date === "none" ? t("run.trigger.logicalDateHelp") : state.date === "at" ? t("run.trigger.zone", { zone }) : undefined} error={errors.logical_date}>
        <Group gap="sm" mt={4}>
          <SegmentedControl
            size="xs"
            aria-label={t("run.trigger.logicalDate")}
            value={state.date}
            onChange={(date) => onChange({ date })}
            data={(["now", "at", "none"] as const).map((value) => ({ value, label: t(`run.trigger.date.${value}`) }))}
          />
          {state.date === "at" && <DateTimePicker {...picker} aria-label={t("run.trigger.logicalDate")} value={state.logicalDate} onChange={(logicalDate) => onChange({ logicalDate })} />}
        </Group>
      </Input.Wrapper>
      <Input.Wrapper label={t("run.trigger.interval")} labelElement="div" error={errors.interval}>
        <Group gap="sm" mt={4}>
          <SegmentedControl
            size="xs"
            aria-label={t("run.trigger.interval")}
            value={state.interval}
            onChange={(interval) => onChange({ interval })}
            data={[{ value: "auto" as const, label: t("run.trigger.intervalAuto") }, { value: "manual" as const, label: t("run.trigger.intervalManual") }]}
          />
          {state.interval === "manual" && (
            <Group w="100%" gap="sm">
              <DateTimePicker {...picker} label={t("run.trigger.intervalStart")} value={state.intervalStart} onChange={(intervalStart) => onChange({ intervalStart })} />
              <DateTimePicker {...picker} label={t("run.trigger.intervalEnd")} value={state.intervalEnd} onChange={(intervalEnd) => onChange({ intervalEnd })} />
            </Group>
          )}
        </Group>
      </Input.Wrapper>
      <TextInput label={t("run.fact.runId")} description={t("run.trigger.runIdHelp")} maxLength={250} value={state.runId} onChange={(event) => onChange({ runId: event.currentTarget.value })} error={errors.dag_run_id} />
      <Textarea label={t("run.note.title")} autosize minRows={2} maxRows={6} maxLength={1000} value={state.note} onChange={(event) => onChange({ note: event.currentTarget.value })} error={errors.note} />
    </Stack>
  );
}
