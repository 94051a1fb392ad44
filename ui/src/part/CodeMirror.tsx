import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { useComputedColorScheme } from "@mantine/core";
import ReactCodeMirror, { EditorView } from "@uiw/react-codemirror";
import { useMemo } from "react";

import { highlight } from "./highlight";

export type Language = "json" | "python" | "sql" | "yaml" | "text";

interface Props {
  value: string;
  onChange?: (value: string) => void;
  language: Language;
  ariaLabel: string;
  minHeight: string;
  maxHeight: string;
  hasError: boolean;
  placeholder?: string;
  /** Without numbers and folds, for a few lines in a form. */
  isBare?: boolean;
}

const LANGUAGES = { json, python, sql, yaml, text: () => [] };

export default function CodeMirror({ value, onChange, language, ariaLabel, minHeight, maxHeight, hasError, placeholder, isBare = false }: Props) {
  const scheme = useComputedColorScheme("light");
  const extensions = useMemo(
    () => [LANGUAGES[language](), highlight, EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": ariaLabel })],
    [language, ariaLabel],
  );
  return (
    <ReactCodeMirror
      value={value}
      onChange={onChange}
      editable={!!onChange}
      readOnly={!onChange}
      theme={scheme}
      extensions={extensions}
      minHeight={minHeight}
      maxHeight={maxHeight}
      placeholder={placeholder}
      indentWithTab={false} // Tab goes on to the next field
      basicSetup={{ foldGutter: !isBare, highlightActiveLine: !isBare && !!onChange, highlightActiveLineGutter: !isBare && !!onChange, searchKeymap: false, lineNumbers: !isBare, autocompletion: !isBare }}
      style={{
        fontSize: 12.5,
        border: `1px solid ${hasError ? "var(--mantine-color-error)" : "var(--mantine-color-default-border)"}`,
        borderRadius: "var(--mantine-radius-md)",
        overflow: "hidden",
      }}
    />
  );
}
