//! A virtual file system for SQLite that hands everything to the system's own and writes down what is done to files. Process-wide: it is
//! registered once as the default, so that the stores open their files through it without knowing.
//!
//! `unsafe`, because SQLite's interface is one of raw pointers: each function below is called by SQLite only, with the file object that
//! `open` filled, whose first part is `File` and whose rest is the system's own file object.

use rusqlite::ffi;
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    mem::size_of,
    ptr, slice,
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
};

/// What was done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Bytes were written at an offset.
    Write(u64, Vec<u8>),
    /// It was cut to a size.
    Truncate(u64),
    /// All of it was made durable.
    Sync,
    /// It was removed.
    Remove,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The file's whole path.
    pub path: String,
    /// What.
    pub deed: Deed,
}

static CALLS: Mutex<Vec<Call>> = Mutex::new(Vec::new());
static SYSTEM: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

fn calls() -> MutexGuard<'static, Vec<Call>> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many calls there were so far: the moment it is.
#[must_use]
pub fn now() -> usize {
    calls().len()
}

/// All calls so far, and forgets them.
#[must_use]
pub fn take() -> Vec<Call> {
    std::mem::take(&mut calls())
}

/// Begins to watch all databases that this process opens from now on.
pub fn watch() {
    static ONCE: Once = Once::new();
    // SAFETY: the system's file system is found once SQLite is set up, which `find` does; ours is a copy of it with three fields
    // changed, never freed.
    ONCE.call_once(|| unsafe {
        let system = ffi::sqlite3_vfs_find(ptr::null());
        SYSTEM.store(system, Ordering::SeqCst);
        let mut ours = ptr::read(system);
        ours.pNext = ptr::null_mut();
        ours.zName = c"watched".as_ptr();
        ours.szOsFile += size_of::<File>() as c_int;
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ffi::sqlite3_vfs_register(Box::into_raw(Box::new(ours)), 1);
    });
}

#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// Whether its deeds are written down: not of temporary files.
    path: *mut String,
}

/// The system's file object behind ours.
///
/// SAFETY: `file` was filled by [`open`].
unsafe fn system(file: *mut ffi::sqlite3_file) -> (*mut ffi::sqlite3_file, &'static ffi::sqlite3_io_methods) {
    unsafe {
        let behind = file.cast::<u8>().add(size_of::<File>()).cast::<ffi::sqlite3_file>();
        (behind, &*(*behind).pMethods)
    }
}

/// SAFETY: as [`system`].
unsafe fn note(file: *mut ffi::sqlite3_file, deed: impl FnOnce() -> Deed) {
    if let Some(path) = unsafe { (*file.cast::<File>()).path.as_ref() } {
        calls().push(Call { path: path.clone(), deed: deed() });
    }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let vfs = SYSTEM.load(Ordering::SeqCst);
    // SAFETY: SQLite gives room for both objects, as asked for by `szOsFile`.
    unsafe {
        let behind = file.cast::<u8>().add(size_of::<File>()).cast::<ffi::sqlite3_file>();
        let Some(system_open) = (*vfs).xOpen else { return ffi::SQLITE_ERROR };
        (*file).pMethods = ptr::null();
        let code = system_open(vfs, name, behind, flags, out);
        if code != ffi::SQLITE_OK {
            return code;
        }
        let path = if name.is_null() {
            ptr::null_mut()
        } else {
            Box::into_raw(Box::new(CStr::from_ptr(name).to_string_lossy().into_owned()))
        };
        ptr::write(file.cast::<File>(), File { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, path });
        code
    }
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    let vfs = SYSTEM.load(Ordering::SeqCst);
    // SAFETY: `name` is SQLite's.
    unsafe {
        let Some(system_delete) = (*vfs).xDelete else { return ffi::SQLITE_ERROR };
        let code = system_delete(vfs, name, sync);
        if code == ffi::SQLITE_OK {
            let path = CStr::from_ptr(name).to_string_lossy().into_owned();
            calls().push(Call { path, deed: Deed::Remove });
        }
        code
    }
}

/// Hands a call to the system's method of the same name.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: `file` was filled by `open`, and is handed on with the arguments as they came.
        let (behind, methods) = unsafe { system($file) };
        match methods.$method {
            Some(method) => unsafe { method(behind $(, $argument)*) },
            None => ffi::SQLITE_IOERR,
        }
    }};
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let code = pass!(file, xClose);
    // SAFETY: made by `open`, freed here only.
    unsafe {
        let own = file.cast::<File>();
        if !(*own).path.is_null() {
            drop(Box::from_raw(ptr::replace(&raw mut (*own).path, ptr::null_mut())));
        }
    }
    code
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, amount: c_int, offset: i64) -> c_int {
    pass!(file, xRead, to, amount, offset)
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    let code = pass!(file, xWrite, from, amount, offset);
    if code == ffi::SQLITE_OK {
        // SAFETY: SQLite gives `amount` bytes.
        unsafe {
            let bytes = slice::from_raw_parts(from.cast::<u8>(), usize::try_from(amount).unwrap_or_default());
            note(file, || Deed::Write(u64::try_from(offset).unwrap_or_default(), bytes.to_vec()));
        }
    }
    code
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let code = pass!(file, xTruncate, size);
    if code == ffi::SQLITE_OK {
        // SAFETY: as in `write`.
        unsafe { note(file, || Deed::Truncate(u64::try_from(size).unwrap_or_default())) };
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let code = pass!(file, xSync, flags);
    if code == ffi::SQLITE_OK {
        // SAFETY: as in `write`.
        unsafe { note(file, || Deed::Sync) };
    }
    code
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    pass!(file, xFileSize, size)
}
unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}
unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}
unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, held)
}
unsafe extern "C" fn control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    pass!(file, xFileControl, operation, argument)
}
unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}
unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}
unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(file, xShmMap, region, size, extend, out)
}
unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, amount: c_int, flags: c_int) -> c_int {
    pass!(file, xShmLock, offset, amount, flags)
}
unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: as in `pass`.
    let (behind, methods) = unsafe { system(file) };
    if let Some(barrier) = methods.xShmBarrier {
        // SAFETY: as in `pass`.
        unsafe { barrier(behind) };
    }
}
unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, remove: c_int) -> c_int {
    pass!(file, xShmUnmap, remove)
}

// Version 2: no pages mapped into memory, whose writes would not be seen here.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
