// The row of buttons at the end of a dialog.
import { Group } from '@mantine/core';

export const DialogButtons = ({ children }: React.PropsWithChildren) => (
  <Group justify="flex-end" gap="xs" mt="md">
    {children}
  </Group>
);
