import { python } from "@codemirror/lang-python";
import { MergeView } from "@codemirror/merge";
import { useComputedColorScheme } from "@mantine/core";
import { basicSetup, EditorState, EditorView, oneDark, type Extension } from "@uiw/react-codemirror";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { plain } from "./plain";

interface Props {
  before: string;
  after: string;
  wrap: boolean;
  label: string;
}

/** The package's own sign is in few fonts. */
const FOLDS = EditorView.theme({ ".cm-collapsedLines:before": { content: '"⋯"' }, ".cm-collapsedLines:after": { content: '"⋯"' } });

/** Two texts side by side; what is the same in both is folded. */
export default function Compare({ before, after, wrap, label }: Props) {
  const parent = useRef<HTMLDivElement>(null);
  const { t } = useTranslation();
  const scheme = useComputedColorScheme();
  const unchanged = t("dag.code.unchanged");
  useEffect(() => {
    if (!parent.current) return;
    const extensions: Extension[] = [
      python(),
      basicSetup({ highlightActiveLine: false, highlightActiveLineGutter: false, autocompletion: false, closeBrackets: false }),
      EditorState.readOnly.of(true),
      EditorState.phrases.of({ "$ unchanged lines": unchanged }),
      FOLDS,
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
  }, [after, before, label, scheme, unchanged, wrap]);
  return <div ref={parent} style={{ height: "100%", overflow: "auto", fontSize: 12.5 }} />;
}
