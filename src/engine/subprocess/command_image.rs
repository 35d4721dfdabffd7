//! Whether a file is a WASI preview-1 command, told before a process is made for it.

/// The first bytes of every WebAssembly file, and those of a core module's version after them.
const MAGIC: &[u8] = b"\0asm";
const CORE_MODULE: [u8; 4] = [1, 0, 0, 0];

/// What preview 1 was published as, the one module that a command imports from.
const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// Its functions (`wasi_snapshot_preview1.witx`).
const FUNCTIONS: &str = "args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise \
    fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get \
    fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir \
    fd_renumber fd_seek fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link \
    path_open path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise \
    random_get sched_yield sock_accept sock_recv sock_send sock_shutdown";

/// What an import or export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    Function,
    Memory,
    /// A table, a global, a tag.
    Other,
}

/// Whether bytes can be a program at all.
///
/// # Errors
/// What they are instead, in words.
pub fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    let Some(version) = bytes.strip_prefix(MAGIC) else {
        return Err("it is no WebAssembly".to_owned());
    };
    if version.starts_with(&CORE_MODULE) {
        Ok(())
    } else {
        Err("it is a component (WASI preview 2), or of a version that this page does not know".to_owned())
    }
}

/// Whether a compiled module is a command, by its imports (module, name, kind) and exports (name, kind).
///
/// # Errors
/// What it lacks or needs, in words.
pub fn check_image(imports: &[(String, String, ImageKind)], exports: &[(String, ImageKind)]) -> Result<(), String> {
    let strange = imports.iter().find(|(module, name, kind)| {
        module != PREVIEW_1 || *kind != ImageKind::Function || !FUNCTIONS.split(' ').any(|known| known == name)
    });
    if let Some((module, name, _)) = strange {
        return Err(format!("it imports {module}.{name}, which no WASI preview-1 command does"));
    }
    let has = |name, kind| exports.iter().any(|export| export.0 == name && export.1 == kind);
    if !has("_start", ImageKind::Function) {
        let reactor = if has("_initialize", ImageKind::Function) { ": it is a reactor, a library" } else { "" };
        return Err(format!("it has no _start, where a command begins{reactor}"));
    }
    if has("memory", ImageKind::Memory) { Ok(()) } else { Err("it does not export its memory".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(imports: &[(&str, &str, ImageKind)], exports: &[(&str, ImageKind)]) -> Result<(), String> {
        let imports: Vec<_> = imports.iter().map(|(a, b, kind)| ((*a).to_owned(), (*b).to_owned(), *kind)).collect();
        let exports: Vec<_> = exports.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        check_image(&imports, &exports)
    }

    const COMMAND: [(&str, ImageKind); 2] = [("memory", ImageKind::Memory), ("_start", ImageKind::Function)];

    #[test]
    fn a_command_is_one_by_what_it_imports_and_exports() {
        let write = (PREVIEW_1, "fd_write", ImageKind::Function);
        assert_eq!(check(&[], &COMMAND), Ok(()));
        assert_eq!(check(&[write], &COMMAND), Ok(()));
        let why = |imports: &[_], exports: &[_]| check(imports, exports).expect_err("it is none");
        assert!(why(&[(PREVIEW_1, "fd_fly", ImageKind::Function)], &COMMAND).contains("fd_fly"));
        assert!(why(&[(PREVIEW_1, "fd_write", ImageKind::Memory)], &COMMAND).contains("fd_write"));
        assert!(why(&[("env", "memory", ImageKind::Memory)], &COMMAND).contains("env.memory"));
        assert!(why(&[], &COMMAND[..1]).contains("_start"));
        assert!(why(&[], &[COMMAND[0], ("_initialize", ImageKind::Function)]).contains("reactor"));
        assert!(why(&[], &COMMAND[1..]).contains("memory"));
    }

    #[test]
    fn bytes_say_what_they_are() {
        assert_eq!(check_bytes(b"\0asm\x01\0\0\0..."), Ok(()));
        assert!(check_bytes(b"\0asm\x0d\0\x01\0").expect_err("a component").contains("component"));
        for bytes in [&b""[..], b"<!doctype html>", b"\0as"] {
            assert!(check_bytes(bytes).expect_err("no wasm").contains("no WebAssembly"));
        }
    }
}
