import { Editor } from "../../part/Editor";

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
export function JsonEditor({ label, isJson = true, ...field }: Props) {
  return <Editor label={label} ariaLabel={label} language={isJson ? "json" : "text"} isBare minHeight="96px" maxHeight="300px" {...field} />;
}
