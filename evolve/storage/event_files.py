"""Files that TensorBoard reads, written without TensorFlow: its own protocol buffers and its writer of records need
none, on any backend.

A file is opened for each group of records and closed behind it, so that what a killed process leaves is whole but for
its last record, which TensorBoard leaves out. The steps of a tag only grow: its server forgets all that lies behind a
step that comes again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from evolve.errors import check_extra

PREFIX, SUFFIX = "events.out.tfevents.", ".evolve"
VERSION = "brain.Event:2"

Record: TypeAlias = bytes
"""An event of TensorBoard, serialised."""

Value: TypeAlias = bool | int | float | str
"""Of a hyper-parameter."""


def require(asked: str) -> None:
    """Raises ConfigError if TensorBoard is missing, which `asked` needs: a flag, a setting or a verb."""
    check_extra(asked, "tensorboard", "tensorboard")


def scalars(values: Mapping[str, float], step: int, at: float) -> Record:
    """Figures by their tags at one step. at: seconds since 1970."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    each = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return _event(at, step, Summary(value=each))


def page(names: Iterable[str], metrics: Mapping[str, str], at: float) -> Record:
    """What the page of hyper-parameters is about. names: of these. metrics: tags, and what they are called there."""
    from tensorboard.plugins.hparams.summary_v2 import HParam, Metric, hparams_config_pb

    shown = [Metric(tag, display_name=name) for tag, name in metrics.items()]
    return _event(at, 0, hparams_config_pb([HParam(name) for name in names], shown, at))


def entry(name: str, values: Mapping[str, Value], at: float) -> Record:
    """One line of the page of hyper-parameters: its name, which no other has, and its values."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    return _event(at, 0, hparams_pb(dict(values), name, at))


def entry_ended(well: bool, at: float) -> Record:
    """How what a line of the page of hyper-parameters stands for ended."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
    ended = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=at))
    about = metadata.create_summary_metadata(ended)
    value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)
    return _event(at, 0, Summary(value=[value]))


def new_file(folder: Path) -> Path:
    """A file that begins a folder anew. A server that has read of an earlier one in it forgets that."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    folder.mkdir(parents=True, exist_ok=True)
    now = time.time()
    file = folder / f"{PREFIX}{now:017.6f}{SUFFIX}"
    begun = Event(wall_time=now, session_log=SessionLog(status=SessionLog.START))
    append(file, [Event(wall_time=now, file_version=VERSION).SerializeToString(), begun.SerializeToString()])
    return file


def append(file: Path, records: Iterable[Record]) -> None:
    """Writes records behind those that a file has."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    with file.open("ab") as opened:
        writer = RecordWriter(opened)
        for record in records:
            writer.write(record)


def only_event_files(folder: Path) -> bool:
    """Whether all files below a folder are of this module's, so that it may be written anew."""
    files = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return all(path.name.startswith(PREFIX) and path.name.endswith(SUFFIX) for path in files)


def _event(at: float, step: int, summary: object) -> Record:
    from tensorboard.compat.proto.event_pb2 import Event

    return bytes(Event(wall_time=at, step=step, summary=summary).SerializeToString())
