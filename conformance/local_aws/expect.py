"""What a check expects."""

from botocore.exceptions import ClientError


def equal(seen, expected):
    assert seen == expected, f"{str(seen)[:200]} is not {str(expected)[:200]}"


def error(code, call, **arguments):
    """The call fails with this code; the answer is returned."""
    try:
        call(**arguments)
    except ClientError as failure:
        equal(failure.response["Error"]["Code"], code)
        return failure.response
    raise AssertionError(f"no {code}")
