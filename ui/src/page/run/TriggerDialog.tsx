interface Props {
  dagId: string;
  opened: boolean;
  onClose: () => void;
  /** Take the configuration of this run. */
  fromRun?: string;
}

export function TriggerDialog({ opened }: Props) {
  return opened ? null : null;
}
