import type { components } from "../../api/schema";

type Reply = components["schemas"]["BulkResponse"];

/** What a bulk change did, and in words what it did not: parts of it may fail while the answer is 200. */
export function outcomeOf(reply: Reply): { done: string[]; problems: string[] } {
  const parts = [reply.create, reply.update, reply.delete].filter((part) => part != null);
  return {
    done: parts.flatMap((part) => part.success),
    problems: parts.flatMap((part) =>
      part.errors.map(({ error }) => (typeof error === "string" ? error : JSON.stringify(error))),
    ),
  };
}

/** The names done; what was refused is thrown, so that it is shown as any other refusal. */
export function doneOrThrow(reply: Reply): string[] {
  const { done, problems } = outcomeOf(reply);
  if (problems.length) throw new Error(problems.join(" "));
  return done;
}
