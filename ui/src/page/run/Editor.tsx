/** An editor, or a view, of code: loaded when somebody first needs it. */
import { Input, Skeleton, type InputWrapperProps } from "@mantine/core";
import { useId } from "@mantine/hooks";
import { lazy, Suspense } from "react";

import type { Language } from "./CodeMirror";

const CodeMirror = lazy(() => import("./CodeMirror"));

interface Props extends Pick<InputWrapperProps, "label" | "description" | "error" | "required"> {
  value: string;
  onChange?: (value: string) => void;
  language: Language;
  ariaLabel: string;
  minHeight?: string;
  maxHeight?: string;
}

export function Editor({ value, onChange, language, ariaLabel, minHeight = "60px", maxHeight = "320px", ...wrapper }: Props) {
  const id = useId();
  return (
    <Input.Wrapper {...wrapper} labelElement="div" id={id}>
      <Suspense fallback={<Skeleton h={minHeight} />}>
        <CodeMirror value={value} onChange={onChange} language={language} ariaLabel={ariaLabel} minHeight={minHeight} maxHeight={maxHeight} hasError={!!wrapper.error} />
      </Suspense>
    </Input.Wrapper>
  );
}
