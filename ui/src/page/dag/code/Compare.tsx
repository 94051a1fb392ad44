import { python } from "@codemirror/lang-python";
import { MergeView } from "@codemirror/merge";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup, EditorState, EditorView, oneDark, type Extension } from "@uiw/react-codemirror";
import { useEffect, useRef } from "react";

import { plain } from "./plain";

interface Props {
  before: string;
  after: string;
  wrap: boolean;
  label: string;
}

/** Two texts side by side; what is the same in both is folded. */
export default function Compare({ before, after, wrap, label }: Props) {
  const parent = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  useEffect(() => {
    if (!parent.current) return;
    const extensions: Extension[] = [
      python(),
      basicSetup({ highlightActiveLine: false, highlightActiveLineGutter: false, autocompletion: false, closeBrackets: false }),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      scheme === "dark" ? oneDark : [],
      plain,
      ...(wrap ? [EditorView.lineWrapping] : []),
    ];
    const view = new MergeView({
      parent: parent.current,
      a: { doc: before, extensions },
      b: { doc: after, extensions },
      collapseUnchanged: { margin: 4 },
      gutter: true,
    });
    return () => view.destroy();
  }, [after, before, label, scheme, wrap]);
  return <div ref={parent} style={{ height: "100%", overflow: "auto", fontSize: 12.5 }} />;
}
