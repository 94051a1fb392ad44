import { Stack } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Empty } from "../../part/Problem";
import type { TaskInstance } from "../../query";
import { Editor } from "../../part/Editor";
import { Json } from "../run/Json";
import { languageOf } from "./language";

/** The task's templates as they were filled in. */
export function Rendered({ ti }: { ti: TaskInstance }) {
  const { t } = useTranslation();
  const fields = Object.entries(ti.rendered_fields);
  if (!fields.length) return <Empty icon={IconBraces} title={t("run.rendered.empty")}>{t("run.rendered.emptyText")}</Empty>;
  return (
    <Stack p="md" gap="md">
      {fields.map(([name, value]) => (
        <Stack key={name} gap={4}>
          <code style={{ fontWeight: 600 }}>{name}</code>
          {typeof value === "string" && value.length > 0 ? (
            <Editor value={value} language={languageOf(name, value)} ariaLabel={name} minHeight="34px" maxHeight="480px" />
          ) : (
            <Json value={value} name={name} />
          )}
        </Stack>
      ))}
    </Stack>
  );
}
