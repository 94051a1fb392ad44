/** Colours, sizes and defaults of components: the look of every page, in one place. */
import { createTheme, mergeThemeOverrides, type MantineColorsTuple, type MantineThemeOverride } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

const stream: MantineColorsTuple = [
  "#e6fafd",
  "#d2f0f5",
  "#a4e0ea",
  "#73cfdf",
  "#4dc1d5",
  "#35b8cf",
  "#24b3cc",
  "#109db5",
  "#0b7285",
  "#065a6b",
];

const theme = createTheme({
  primaryColor: "stream",
  primaryShade: 8,
  autoContrast: true,
  colors: { stream },
  fontFamily:
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'JetBrains Mono', 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  defaultRadius: "md",
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.15rem" } } },
  components: {
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true } },
    Table: { defaultProps: { verticalSpacing: 6, highlightOnHover: true } },
    Paper: { defaultProps: { withBorder: true, radius: "md" } },
    // The place holder would be a focusable thing in a menu that is no item of it.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4, blur: 2 } } },
  },
});

/** The theme, with names for the buttons that components bring along and leave nameless. */
export function useTheme(): MantineThemeOverride {
  const { t } = useTranslation();
  return useMemo(() => {
    const closeButtonProps = { "aria-label": t("action.close") };
    return mergeThemeOverrides(theme, {
      components: {
        ModalCloseButton: { defaultProps: closeButtonProps },
        Notification: { defaultProps: { closeButtonProps } },
      },
    });
  }, [t]);
}
