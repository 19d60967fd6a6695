def test_x():
    import os
    assert os.environ["DATABASE_URL"]
