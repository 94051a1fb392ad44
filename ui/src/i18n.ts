/** Messages live in `locale/LANGUAGE/AREA.json`; English is loaded with the page. */
import dayjs from "dayjs";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./locale/en";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
const LOADERS = { de: () => Promise.all([import("./locale/de"), import("dayjs/locale/de")]) };
const KEY = "slipstream.language";

const isLanguage = (value: string | null | undefined): value is Language => !!value && value in LANGUAGES;

export function language(): Language {
  const chosen = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  return isLanguage(chosen) ? chosen : "en";
}

export async function speak(next: Language): Promise<void> {
  if (next !== "en" && !i18next.hasResourceBundle(next, "translation")) {
    const [messages] = await LOADERS[next]();
    i18next.addResourceBundle(next, "translation", messages.default);
  }
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
  dayjs.locale(next);
  await i18next.changeLanguage(next);
}

export async function start(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
  });
  const wanted = language();
  if (wanted !== "en") await speak(wanted);
}
