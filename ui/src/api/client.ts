/** The one way to the server: typed by its OpenAPI document, with errors that people can read. */
import createClient, { type Middleware } from "openapi-fetch";

import type { paths } from "./schema";

/** The server's URL prefix, from `<base href>`, without a slash at its end. */
export const prefix = new URL(document.baseURI).pathname.replace(/\/$/, "");

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly detail: unknown = null,
    /** Of a 403: the permission that was asked for. */
    readonly needs: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface Invalid {
  loc?: (string | number)[];
  msg?: string;
}

/** The sentence in an error's body: FastAPI's `detail` is text, an object, or a list of what is invalid. */
export function messageOf(body: unknown, status: number): string {
  const detail = (body as { detail?: unknown } | null)?.detail ?? body;
  if (typeof detail === "string" && detail) return detail;
  if (Array.isArray(detail))
    return (detail as Invalid[])
      .map((d) => [d.loc?.slice(1).join("."), d.msg].filter(Boolean).join(": "))
      .join("; ");
  const { message } = (detail ?? {}) as { message?: string };
  return message ?? `The server answered ${status}.`;
}

const LOGIN = /\/login$/;

/** Leave for the login page, and come back here after it. */
export function goToLogin(): void {
  const here = location.pathname.slice(prefix.length) + location.search + location.hash;
  if (LOGIN.test(location.pathname)) return;
  location.assign(`${prefix}/login?next=${encodeURIComponent(here)}`);
}

const failures: Middleware = {
  async onResponse({ response, schemaPath }) {
    if (response.ok) return;
    const text = await response.clone().text();
    let body: unknown = text;
    try {
      body = JSON.parse(text);
    } catch {
      // Something in front of the server answered; its words are all there is.
    }
    if (response.status === 401 && schemaPath !== "/auth/login") goToLogin();
    throw new ApiError(response.status, messageOf(body, response.status), body, response.headers.get("Slipstream-Needs"));
  },
  onError({ error }) {
    if (error instanceof ApiError) return error;
    return new ApiError(0, "The server cannot be reached.", error);
  },
};

export const client = createClient<paths>({
  baseUrl: prefix,
  credentials: "same-origin",
  querySerializer: { array: { style: "form", explode: true } },
});
client.use(failures);

/** The data of an answer; errors have been thrown by then. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
