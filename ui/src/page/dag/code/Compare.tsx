import { defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { python } from "@codemirror/lang-python";
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { oneDark } from "@uiw/react-codemirror";
import { useEffect, useRef } from "react";

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
      lineNumbers(),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": label }),
      scheme === "dark" ? oneDark : syntaxHighlighting(defaultHighlightStyle),
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
