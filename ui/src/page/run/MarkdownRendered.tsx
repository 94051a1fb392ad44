import ReactMarkdown from "react-markdown";
import gfm from "remark-gfm";

export default function MarkdownRendered({ children }: { children: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[gfm]}
      components={{ a: ({ href, children: words }) => <a href={href} target="_blank" rel="noreferrer noopener">{words}</a>, p: (props) => <p style={{ margin: "0 0 4px" }}>{props.children}</p> }}
    >
      {children}
    </ReactMarkdown>
  );
}
