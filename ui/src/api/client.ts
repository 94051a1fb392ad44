/** The one way to the server: typed by its OpenAPI document, with errors that people can read. */
import createClient, { type Middleware } from "openapi-fetch";

import { isLeft, loggedIn, nextLogin } from "./login";
import type { paths } from "./schema";

/** The server's URL prefix, from `<base href>`, without a slash at its end. */
export const prefix = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** Where a page is that was asked for beside the prefix: the server answers there, too. */
export function belowPrefix({ pathname, search, hash }: Pick<Location, "pathname" | "search" | "hash">, base = prefix): string | null {
  if (pathname === base || pathname.startsWith(`${base}/`)) return null;
  return base + pathname + search + hash;
}

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

/** Leave for the login page, and come back here after it; false: this is that page. */
export function goToLogin(): boolean {
  const here = location.pathname.slice(prefix.length) + location.search + location.hash;
  if (LOGIN.test(location.pathname)) return false;
  location.assign(`${prefix}/login?next=${encodeURIComponent(here)}`);
  return true;
}

/** These say themselves what is wrong with a name or a password. */
const LOGIN_PATH = "/auth/login";
/** Requests under way, to be sent once more: a request's body can be read but once. */
const sent = new Map<string, Request>();

const unreachable = (error: unknown): never => {
  throw new ApiError(0, "The server cannot be reached.", error);
};

/** Whether nobody is logged in any more: without a token it is a 401, with one that has been ended a 403, as in Airflow. */
async function isEnded(response: Response): Promise<boolean> {
  if (response.status !== 403) return response.status === 401;
  const body: unknown = await response.clone().json().catch(() => null);
  return (body as { detail?: unknown } | null)?.detail === "Invalid JWT token";
}

/** What the server answers to somebody whose login has ended is not told to the page; it waits for the next login. */
async function afterLogin(id: string): Promise<Response> {
  for (;;) {
    await nextLogin();
    const response = await fetch(sent.get(id)!.clone()).catch(unreachable);
    if (!(await isEnded(response))) return response;
  }
}

const failures: Middleware = {
  onRequest({ request, id }) {
    sent.set(id, request.clone());
  },
  async onResponse({ response: first, schemaPath, id }) {
    let response = first;
    if (schemaPath !== LOGIN_PATH && (await isEnded(first))) {
      if (!isLeft()) response = await afterLogin(id);
      // Until the page is left, nobody is shown what was refused.
      else if (goToLogin()) await new Promise(() => undefined);
    }
    sent.delete(id);
    if (response.ok) {
      if (schemaPath === "/api/v2/session") loggedIn();
      return response;
    }
    const text = await response.clone().text();
    let body: unknown = text;
    try {
      body = JSON.parse(text);
    } catch {
      // Something in front of the server answered; its words are all there is.
    }
    throw new ApiError(response.status, messageOf(body, response.status), body, response.headers.get("Slipstream-Needs"));
  },
  onError({ error, id }) {
    sent.delete(id);
    return error instanceof ApiError ? error : unreachable(error);
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
