/** `sun_path` holds 104 bytes on BSD and macOS, 108 on Linux, one of them the closing zero. */
export const MAX_UNIX_PATH_SIZE = 103
