/** A verb of a menu. */
export interface MenuItem {
  label: string;
  /** The key that does the same. */
  key?: string | undefined;
  act: () => void;
}
