import { Anchor, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { goToLogin } from "../api/client";
import { leave, resume, useLoginEnded } from "../api/login";
import { useSession } from "../api/session";
import { LoginForm } from "../part/LoginForm";

/** Above whatever is open: a window or a form below it keeps what was typed, and Escape does not reach it. */
const ABOVE_ALL = 500;

/** Where a login ends while a page is open, the same person logs in again without leaving it. */
export function LoginAgain() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { user } = useSession();
  const isEnded = useLoginEnded();
  const goOn = () => {
    resume();
    void queries.invalidateQueries();
  };
  const goAway = () => {
    leave();
    goToLogin();
  };
  return (
    <Modal opened={isEnded} onClose={() => {}} title={t("login.ended")} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} zIndex={ABOVE_ALL} size="sm">
      <Stack>
        <Text size="sm">{t("login.endedText")}</Text>
        <LoginForm name={user.username} onDone={goOn} />
        <Anchor component="button" type="button" size="sm" onClick={goAway}>{t("login.leave")}</Anchor>
      </Stack>
    </Modal>
  );
}
