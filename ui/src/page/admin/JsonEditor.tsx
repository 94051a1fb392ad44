import { Input, Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";

import classes from "./JsonEditor.module.css";

const Code = lazy(() => import("./CodeMirror"));

interface Props {
  label: string;
  description?: string;
  value: string;
  onChange: (value: string) => void;
  error?: string | null;
  placeholder?: string;
  isJson?: boolean;
}

/** A field for JSON, or for text that may be. */
export function JsonEditor({ label, description, error, ...code }: Props) {
  return (
    <Input.Wrapper label={label} description={description} error={error} labelElement="div" inputWrapperOrder={["label", "description", "input", "error"]}>
      <div className={classes.frame} data-invalid={error ? true : undefined}>
        <Suspense fallback={<Skeleton h={96} radius={0} />}>
          <Code label={label} {...code} />
        </Suspense>
      </div>
    </Input.Wrapper>
  );
}
