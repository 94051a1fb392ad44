export function TriggerDialog(_: {dagId:string;opened:boolean;onClose:()=>void;fromRun?:string}) { return null; }
