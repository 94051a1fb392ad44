import { json } from "@codemirror/lang-json";
import { useComputedColorScheme } from "@mantine/core";
import CodeMirror, { EditorView } from "@uiw/react-codemirror";
import { useMemo } from "react";

interface Props {
  value: string;
  onChange: (value: string) => void;
  label: string;
  placeholder?: string;
  isJson?: boolean;
}

/** The editor itself, in a module of its own, because it is large. */
export default function Code({ value, onChange, label, placeholder, isJson = true }: Props) {
  const scheme = useComputedColorScheme("light");
  const extensions = useMemo(
    () => [...(isJson ? [json()] : []), EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": label })],
    [label, isJson],
  );
  return (
    <CodeMirror
      value={value}
      onChange={onChange}
      extensions={extensions}
      theme={scheme}
      placeholder={placeholder}
      minHeight="96px"
      maxHeight="300px"
      indentWithTab={false}
      basicSetup={{ lineNumbers: false, foldGutter: false, highlightActiveLine: false, autocompletion: false }}
    />
  );
}
