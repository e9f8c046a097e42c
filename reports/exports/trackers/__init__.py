"""Sweeps in the trackers that people have already: MLflow, TensorBoard, Weights & Biases (offline)."""

from reports.exports.trackers.export import TRACKERS, export_to

__all__ = ["TRACKERS", "export_to"]
