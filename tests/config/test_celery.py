"""Tasks reach a real worker through a real broker."""

import celery
import pytest
from celery.contrib.testing.worker import start_worker

from config.celery import app


@app.task
def double(number):
    return 2 * number


def test_our_application_is_everybodys():
    assert celery.current_app.main == "fulcrum"


def test_matching_has_a_queue_of_its_own():
    assert app.amqp.router.route({}, "matching.tasks.solve")["queue"].name == "rounds"
    assert app.amqp.router.route({}, "exchange.tasks.send")["queue"].name == "default"


@pytest.mark.django_db(transaction=True)
def test_task_runs_in_a_worker():
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False):
        answer = double.delay(21).get(timeout=20)

    assert answer == 42
