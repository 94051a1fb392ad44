import { Modal, type ModalProps } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** A modal whose close button has a name; its content begins anew each time that it opens. */
export function Dialog({ children, ...props }: ModalProps) {
  const { t } = useTranslation();
  return (
    <Modal {...props} closeButtonProps={{ "aria-label": t("action.close") }}>
      {props.opened && children}
    </Modal>
  );
}
