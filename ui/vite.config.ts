import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.SLIPSTREAM_URL ?? "http://127.0.0.1:8080";

/** Addresses are relative to `<base href>`, which the server sets to its URL prefix. */
export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    outDir: "../src/slipstream/api/ui",
    emptyOutDir: true,
    assetsDir: "static",
    chunkSizeWarningLimit: 1700, // elk's worker; nothing else comes near
    target: "es2022",
  },
  server: { proxy: { "/api": server, "/auth": server, "/openapi.json": server } },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] },
});
