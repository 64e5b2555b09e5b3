"""Prometheus metrics with few labels: route templates, methods and statuses, never an address or a code."""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "wangge_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "wangge_request_seconds", "Time to answer.", ["route"], buckets=BUCKETS_S, registry=self.registry
        )
        self.reports = Counter("wangge_reports", "Reports answered.", ["located"], registry=self.registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer; a method that nobody knows shares a label, so that strangers cannot make labels."""
        self.requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The metrics in the format that Prometheus reads."""
        return generate_latest(self.registry)
