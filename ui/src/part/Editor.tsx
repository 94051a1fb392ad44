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
  placeholder?: string;
  isBare?: boolean;
}

export function Editor({ value, onChange, language, ariaLabel, minHeight = "60px", maxHeight = "320px", placeholder, isBare, ...wrapper }: Props) {
  const id = useId();
  return (
    <Input.Wrapper {...wrapper} labelElement="div" id={id} inputWrapperOrder={["label", "description", "input", "error"]}>
      <Suspense fallback={<Skeleton h={minHeight} />}>
        <CodeMirror value={value} onChange={onChange} language={language} ariaLabel={ariaLabel} minHeight={minHeight} maxHeight={maxHeight} hasError={!!wrapper.error} placeholder={placeholder} isBare={isBare} />
      </Suspense>
    </Input.Wrapper>
  );
}
