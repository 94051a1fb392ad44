import { Modal, type ModalProps } from "@mantine/core";

/** A modal whose content begins anew each time that it opens. */
export function Dialog({ children, ...props }: ModalProps) {
  return (
    <Modal {...props}>
      {props.opened && children}
    </Modal>
  );
}
