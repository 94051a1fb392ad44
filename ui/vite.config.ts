import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.SLIPSTREAM_URL ?? "http://127.0.0.1:8080";

/** ReDoc asks a server of its makers for their logo, which our pages' policy forbids: it gets an empty one. */
function withoutLogo(source: Buffer): Buffer {
  const logo = "https://cdn.redoc.ly/redoc/logo-mini.svg";
  const text = source.toString();
  if (!text.includes(logo)) throw new Error(`ReDoc has no ${logo} any more: look what it loads now`);
  return Buffer.from(text.replaceAll(logo, "data:,"));
}

/** What the pages /docs and /redoc load, as their makers ship it; `public/static/api-docs` starts it. */
const apiDocs = {
  name: "api-docs",
  apply: "build" as const,
  generateBundle(this: { emitFile: (file: { type: "asset"; fileName: string; source: Uint8Array }) => string }) {
    for (const path of [
      "swagger-ui-dist/swagger-ui-bundle.js",
      "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
      "swagger-ui-dist/swagger-ui.css",
      "redoc/bundles/redoc.standalone.js",
      "redoc/bundles/redoc.standalone.js.LICENSE.txt",
    ]) {
      const source = readFileSync(new URL(`node_modules/${path}`, import.meta.url));
      this.emitFile({ type: "asset", fileName: `static/api-docs/${path.split("/").at(-1)}`, source: path.endsWith("redoc.standalone.js") ? withoutLogo(source) : source });
    }
  },
};

/** Addresses are relative to `<base href>`, which the server sets to its URL prefix. */
export default defineConfig({
  plugins: [react(), apiDocs],
  base: "./",
  build: {
    outDir: "../src/slipstream/api/ui",
    emptyOutDir: true,
    assetsDir: "static",
    chunkSizeWarningLimit: 1700, // elk's worker; nothing else comes near
    target: "es2022",
    // What several pages share would be a hundred files of a few hundred bytes, each a request of its own.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", minShareCount: 5 }] } } },
  },
  server: { proxy: { "/api": server, "/auth": server, "/openapi.json": server } },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] },
});
