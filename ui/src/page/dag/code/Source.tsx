import { python } from "@codemirror/lang-python";
import { useComputedColorScheme } from "@mantine/core";
import CodeMirror, { EditorView } from "@uiw/react-codemirror";
import { useMemo } from "react";

import { plain } from "./plain";

/** Python to be read, not written. */
export default function Source({ text, wrap, label }: { text: string; wrap: boolean; label: string }) {
  const scheme = useComputedColorScheme();
  const extensions = useMemo(
    () => [python(), plain, EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }), ...(wrap ? [EditorView.lineWrapping] : [])],
    [label, wrap],
  );
  return (
    <CodeMirror
      value={text}
      theme={scheme}
      readOnly
      editable
      height="100%"
      style={{ height: "100%", fontSize: 12.5 }}
      extensions={extensions}
      basicSetup={{ highlightActiveLine: false, highlightActiveLineGutter: false, autocompletion: false, closeBrackets: false }}
    />
  );
}
