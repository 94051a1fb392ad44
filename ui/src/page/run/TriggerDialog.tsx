export function TriggerDialog(props: { dagId: string; opened: boolean; onClose: () => void; fromRun?: string }) {
  return props.opened ? null : null;
}
